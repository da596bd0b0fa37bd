CREATE TABLE source (
  id INT,
  price INT,
  color STRING,
  sold TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target
SELECT id FROM source
WHERE NOT ((price > 10 AND price <= 20) OR color <> 'red' OR NOT sold >= TIMESTAMP '2024-01-01 00:00:00')
  AND (((id = 1)) OR id IS NULL OR 5 < price);
