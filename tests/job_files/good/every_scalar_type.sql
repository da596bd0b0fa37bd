CREATE TABLE source (
  f_boolean BOOLEAN,
  f_tinyint TINYINT,
  f_smallint SMALLINT,
  f_int INTEGER,
  f_bigint BIGINT,
  f_float FLOAT,
  f_double DOUBLE PRECISION,
  f_dec DEC(12, 3),
  f_numeric NUMERIC,
  f_char CHAR(3),
  f_varchar CHARACTER VARYING(20),
  f_string STRING,
  f_binary BINARY(4),
  f_varbinary VARBINARY(16),
  f_bytes BYTES,
  f_date DATE,
  f_time TIME(3),
  f_timestamp TIMESTAMP(3) WITHOUT TIME ZONE,
  f_instant TIMESTAMP(3) WITH LOCAL TIME ZONE,
  f_ltz TIMESTAMP_LTZ
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  f_boolean BOOLEAN,
  f_tinyint TINYINT,
  f_smallint SMALLINT,
  f_int INT,
  f_bigint BIGINT,
  f_float FLOAT,
  f_double DOUBLE,
  f_dec DECIMAL(12, 3),
  f_numeric DECIMAL(10),
  f_char CHARACTER(3),
  f_varchar VARCHAR(20),
  f_string VARCHAR,
  f_binary BINARY(4),
  f_varbinary BINARY VARYING(16),
  f_bytes BYTES,
  f_date DATE,
  f_time TIME(3) WITHOUT TIME ZONE,
  f_timestamp TIMESTAMP(3),
  f_instant TIMESTAMP_LTZ(3),
  f_ltz TIMESTAMP_LTZ(6)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'everything',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source;
