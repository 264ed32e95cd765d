-- An offer whose policy is for members of a data space names the space here, so that what was concluded under it is found when
-- a membership ends.
alter table offers add column space text;
create index offers_space on offers (space) where space is not null;
create index contracts_offer on contracts (offer) where offer is not null;
