"""Who is who: stable entity ids over numbers that change, links that rules or a model propose and a steward confirms, all reversible."""
