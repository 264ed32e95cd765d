-- A search looks through the market in stretches, the newest or the cheapest first, and ends where enough is found. So that
-- words, filters and stretch meet in one index: a block of 4,096 places as its number, a band of prices as -1 - its number.
-- search/stretches.ts knows the same blocks and bands.
alter table search_documents add column stretches int[] not null generated always as (array[
  (place >> 12)::int,
  -1 - width_bucket(price_order, array[
    0.000001, 0.000002, 0.000005, 0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
    1000000, 2000000, 5000000, 10000000, 100000000, 1000000000]::numeric[])
]) stored;
drop index search_documents_words;
create index search_documents_words on search_documents using gin (words, labels, stretches) with (fastupdate = off);
