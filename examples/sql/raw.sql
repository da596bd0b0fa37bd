-- Messages that are a vector and nothing else; the record's offset is their id.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature VARCHAR, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'ignore');
CREATE TABLE vector_kafka (feature STRING, id BIGINT METADATA FROM 'offset' VIRTUAL)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest', 'format' = 'raw',
      'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest (id, feature) SELECT CAST(id AS INT), feature FROM vector_kafka;
