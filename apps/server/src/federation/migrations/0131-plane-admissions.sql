-- Who has admitted a data plane that registers itself; null: admitted before that was kept.
alter table federation_plane_passes add column made_by text;
