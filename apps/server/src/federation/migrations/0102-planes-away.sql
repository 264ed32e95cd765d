-- Since when a data plane outside has not answered: its types are not offered meanwhile. Null while it does.
alter table federation_data_planes add column away_since timestamptz;
