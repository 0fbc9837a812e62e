-- What the library says is the source's: not what it marks as filled, nor what lies outside the source's scope.
CASE WHEN library._filled ? {item_name} THEN NULL WHEN {scope} THEN library.{item} END
