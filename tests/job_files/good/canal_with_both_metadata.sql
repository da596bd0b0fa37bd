CREATE TABLE orders (
  id INT,
  color STRING,
  feature STRING,
  origin STRING METADATA FROM 'value.table' VIRTUAL,
  changed TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'shop.public.cars',
  'format' = 'canal-json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  color STRING,
  feature STRING,
  origin STRING,
  changed TIMESTAMP_LTZ(3),
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM orders;
