CREATE TABLE t0 (
  id INT,
  at TIMESTAMP
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t1 (
  id INT,
  at ARRAY<ROW<x TIMESTAMP_LTZ(3)>>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'avro.codec' = 'snappy',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t2 (
  id INT,
  at TIMESTAMP(9)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'avro.timestamp_mapping.legacy' = 'false',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t3 (
  id INT,
  at TIME(6)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t4 (
  id INT,
  extra MAP<INT, STRING>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t5 (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'avro.encoding' = 'xml',
  'avro.timestamp_mapping.legacy' = 'maybe',
  'avro.ignore-parse-errors' = 'true',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE t6 (
  id INT,
  a ROW<b_c ROW<x INT>>,
  a_b ROW<c ROW<x INT>>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'avro',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id FROM t0;
INSERT INTO target SELECT id FROM t1;
INSERT INTO target SELECT id FROM t2;
INSERT INTO target SELECT id FROM t3;
INSERT INTO target SELECT id FROM t4;
INSERT INTO target SELECT id FROM t5;
INSERT INTO target SELECT id FROM t6;
