"""What the three DAG files share: when things run, what their pages say, how they fail. Not itself a DAG file (see `.airflowignore`)."""
