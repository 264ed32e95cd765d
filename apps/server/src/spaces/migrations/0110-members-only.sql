-- A product that is offered to the members alone stands in no public list, whoever sees the catalogue.
alter table space_entries add column members_only boolean not null default false;
