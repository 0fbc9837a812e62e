"""Books of sheets: xlsx, xlsb, xls, ods, and pages whose tables are sheets."""
