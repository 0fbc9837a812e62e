-- The items a fallback filled, as JSON item → resource; null when every value is its one source's.
nullif('{{' || concat_ws(',', {members}) || '}}', '{{}}')
