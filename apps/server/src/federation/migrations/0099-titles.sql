-- What a data set is called in the catalogue of whom we ask for it, as it was received; null: nobody said.
alter table federation_processes add column title text;
