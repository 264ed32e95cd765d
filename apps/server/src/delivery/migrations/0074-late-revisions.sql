-- When holders were told that no newer data has come by the time that the data contract promises; once for each revision.
alter table delivery_revisions add column late_at timestamptz;
