-- A listing on title proof waits as a draft for its papers; the product may not be applied for a second time meanwhile.
drop index listings_standing;
create unique index listings_standing on listings (node, market, product) where state in ('draft', 'reviewing', 'listed', 'suspended');
