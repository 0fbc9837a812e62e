ANALYZE subject;
ANALYZE number;
