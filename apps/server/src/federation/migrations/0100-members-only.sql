-- A data set that is offered to the members of a data space alone: counter-parties that are none do not meet it.
alter table federation_datasets add column space text;
