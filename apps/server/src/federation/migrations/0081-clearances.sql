-- What stands behind a data set, a negotiation and an agreement: a trade of this market, whose rooms clear an act before it is said.

-- Put there by the market; false: by hand, and nothing is behind it.
alter table federation_datasets add column traded boolean not null default true;
-- Of a negotiation: its data set was traded when it began; of a transfer: its agreement has a reference.
alter table federation_processes add column traded boolean not null default false;
-- Of the trade, as whoever clears it knows it.
alter table federation_processes add column reference text;
-- The act that is to be said once it is cleared, with what goes with it.
alter table federation_processes add column clearance jsonb;
alter table federation_agreements add column reference text;
create index federation_processes_reference on federation_processes (reference) where reference is not null;
create index federation_agreements_reference on federation_agreements (reference) where reference is not null;
