-- What waits for approval is named to its recipient, too, by a commitment: a small output could be guessed from its digest before it is given, or
-- after it was refused. Null of those that waited when this came.

alter table compute_held_outputs add column salt text;
