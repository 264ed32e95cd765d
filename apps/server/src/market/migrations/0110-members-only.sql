-- A listing whose policy is for members of a data space names it: to everybody else it is as if there were none.
alter table listings add column space text;
create index listings_space on listings (space) where space is not null;
