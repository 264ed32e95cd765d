-- Cuts that are marked for one buyer.

-- Whose copy it is: the contract, or the grant of a trial; null where copies are all alike.
alter table delivery_cuts add column copy text;
-- {"altered": {column: largest change}, "syntheticRows": …}
alter table delivery_cuts add column watermark jsonb;
-- Rows made up for this copy, table by table; the same in every revision, or their change would give them away.
alter table delivery_cuts add column synthetic jsonb;
alter table delivery_cuts add constraint delivery_cuts_watermark_check check ((copy is null) = (watermark is null));
