-- The target of car_info.sql on PostgreSQL with pgvector. AnalyticDB's vector index would be
--   CREATE INDEX ON vector_test.car_info USING ann (feature) WITH (dim = '10', pq_enable = '0');
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA vector_test;
CREATE TABLE vector_test.car_info (
    id bigint NOT NULL,
    market_time timestamp,
    color varchar(10),
    price int,
    feature float4[],
    PRIMARY KEY (id)
);
ALTER TABLE vector_test.car_info ALTER COLUMN feature SET STORAGE PLAIN;
CREATE INDEX ON vector_test.car_info (market_time);
CREATE INDEX ON vector_test.car_info (color);
CREATE INDEX ON vector_test.car_info (price);
CREATE INDEX ON vector_test.car_info USING hnsw ((feature::vector(10)) vector_l2_ops);
