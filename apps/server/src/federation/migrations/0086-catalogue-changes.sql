-- How often a participant's catalogue has changed: what a server remembers of its order holds until it changes again.

create table federation_catalogues (
  participant text primary key,
  node text not null,
  market text not null,
  changes bigint not null,
  retention_class text not null default 'contract',
  stored_region text not null default storage_region()
);
