-- A compacted topic: each message replaces the row of its key, one without a value deletes it.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature VARCHAR, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'upsert');
CREATE TABLE vector_kafka (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature STRING, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest',
      'key.format' = 'raw', 'key.raw.endianness' = 'big-endian', 'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY');
INSERT INTO vector_ingest SELECT * FROM vector_kafka;
