CREATE TABLE source (
  id INT,
  warranty INTERVAL YEAR(4) TO MONTH,
  lap INTERVAL DAY TO SECOND(3),
  seen_at TIMESTAMP(3),
  extras MULTISET<STRING>,
  due_at AS seen_at + warranty
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  warranty INTERVAL MONTH,
  months INT,
  lap INTERVAL SECOND,
  lap_text STRING,
  millis BIGINT,
  extras MULTISET<STRING>,
  due_at TIMESTAMP(3),
  began_at TIMESTAMP(3),
  a_day INTERVAL DAY
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target
SELECT id, warranty, CAST(warranty AS INT), lap, CAST(lap AS STRING), CAST(lap AS BIGINT), extras, due_at,
       seen_at - lap * 2, INTERVAL '1' DAY
FROM source WHERE lap < INTERVAL '1:30' MINUTE TO SECOND;
