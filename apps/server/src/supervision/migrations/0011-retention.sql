-- How long a row is kept (its class is a rule pack’s) and in which region it was stored (docs/decisions/0010-retention.md).

alter table directives add column stored_region text not null default storage_region();
alter table directive_answers add column stored_region text not null default storage_region();
alter table suspensions add column stored_region text not null default storage_region();
alter table use_holds add column stored_region text not null default storage_region();
