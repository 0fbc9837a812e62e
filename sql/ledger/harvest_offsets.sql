SELECT file_name, bytes_read FROM ledger.harvest;
