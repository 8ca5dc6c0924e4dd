-- Deliveries of each webhook are taken by themselves, so that a webhook that is slow does not hold up the others.
CREATE INDEX deliveries_of_target ON deliveries (target, due_at);
