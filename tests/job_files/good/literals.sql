CREATE TABLE source (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  i INT,
  l BIGINT,
  d DECIMAL(10, 2),
  f DOUBLE,
  t VARCHAR(5),
  b BOOLEAN,
  day DATE,
  moment TIMESTAMP(3),
  clock TIME,
  n STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target
SELECT -7, 2147483648, 1.5, 1e3, 'it''s', TRUE, DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.5', TIME '08:30:00', NULL
FROM source;
