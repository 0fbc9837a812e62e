DROP TABLE IF EXISTS subject, number, proposal, likely, taught, sample;
