-- A table's lock, not an advisory one: that anybody who may log in could hold, and what they ask would stay unrecorded.
LOCK TABLE ledger.harvest IN EXCLUSIVE MODE;
