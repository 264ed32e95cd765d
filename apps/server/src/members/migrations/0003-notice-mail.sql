-- Whether a person takes notices of the organisation by mail; who has no address gets none anyway.
alter table people add column notice_mail boolean not null default true;
