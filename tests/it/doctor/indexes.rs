//! Indexes that are missing, broken, unfit for the job or the queries, or badly made.

use vecsink::internals::settings::Sink;

use super::Scene;

const HNSW: &str = "CREATE INDEX i ON t USING hnsw (feature vector_l2_ops)";

#[test]
fn a_column_without_a_vector_index_is_found() {
    let Some(mut scene) = Scene::new(3, "") else { return };
    scene.cure("index-missing");
}

#[test]
fn an_index_whose_build_failed_is_found() {
    // A vector of four dimensions, for which the index's expression fails.
    let Some(mut scene) =
        Scene::new(3, "ALTER TABLE t ALTER feature TYPE vector; INSERT INTO t VALUES (0, '[1,2,3,4]')")
    else {
        return;
    };
    let build = "CREATE INDEX CONCURRENTLY i ON t USING hnsw ((feature::vector(3)) vector_l2_ops)";
    assert!(scene.schema.client.batch_execute(build).is_err());
    scene.schema.execute("DELETE FROM t WHERE id = 0");
    let finding = scene.cure("index-invalid");
    assert!(finding.remedy.starts_with("REINDEX INDEX CONCURRENTLY"), "{finding:?}");
}

#[test]
fn two_indexes_for_the_same_queries_are_found() {
    let Some(mut scene) = Scene::new(3, &format!("{HNSW}; CREATE INDEX j ON t USING hnsw (feature vector_cosine_ops)"))
    else {
        return;
    };
    assert_eq!(scene.found("index-duplicate"), []);
    scene.schema.execute("CREATE INDEX k ON t USING hnsw (feature vector_l2_ops) WITH (m = 8)");
    let finding = scene.cure("index-duplicate");
    assert!(finding.remedy.ends_with(".k"), "the newer one goes: {finding:?}");
}

#[test]
fn an_index_and_a_job_that_disagree_on_the_dimension_are_found() {
    let Some(mut scene) = Scene::new(
        3,
        "TRUNCATE t; ALTER TABLE t ALTER feature TYPE vector;
         CREATE INDEX i ON t USING hnsw ((feature::vector(3)) vector_cosine_ops)",
    ) else {
        return;
    };
    scene.sink = Sink { vector_dimension: Some(4), ..scene.sink };
    let finding = scene.cure("dimension");
    assert!(finding.remedy.ends_with("(((\"feature\")::vector(4)) vector_cosine_ops)"), "{finding:?}");
}

#[test]
fn a_column_and_a_job_that_disagree_on_the_dimension_are_found() {
    let Some(mut scene) = Scene::new(3, "TRUNCATE t") else { return };
    scene.sink = Sink { vector_dimension: Some(4), ..scene.sink };
    scene.cure("dimension");
}

#[test]
fn an_index_by_another_distance_is_found_if_vectors_have_length_1() {
    let Some(mut scene) = Scene::new(3, HNSW) else { return };
    assert_eq!(scene.found("normalized-vectors"), []);
    scene.sink = Sink { vector_normalize: true, ..scene.sink };
    scene.cure("normalized-vectors");
    assert_eq!(scene.found("index-missing"), []);
}

#[test]
fn an_index_over_an_expression_is_found_with_the_query_that_uses_it() {
    let Some(mut scene) = Scene::new(3, "CREATE INDEX i ON t USING hnsw ((feature::halfvec(3)) halfvec_l2_ops)") else {
        return;
    };
    let query = scene.only("index-expression").remedy.replacen('…', "id", 1).replacen('…', "'[1,2,3]'", 1);
    scene.schema.execute("SET enable_seqscan = off");
    let plan = scene.schema.client.query(&format!("EXPLAIN {query}"), &[]).expect("the query is valid");
    let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("Index Scan using i on t")), "{plan:?}");
    scene.schema.execute(HNSW.replace(" i ", " whole ").as_str());
    assert_eq!(scene.found("index-expression"), []);
}

#[test]
fn an_index_with_a_condition_is_found() {
    let Some(mut scene) = Scene::new(3, &format!("{HNSW} WHERE id > 50")) else { return };
    scene.cure("index-partial");
}

#[test]
fn lists_that_were_made_from_an_empty_table_are_found() {
    let Some(mut scene) =
        Scene::new(3, "TRUNCATE t; CREATE INDEX i ON t USING ivfflat (feature vector_l2_ops) WITH (lists = 2)")
    else {
        return;
    };
    assert_eq!(scene.found("ivfflat-training"), []);
    scene.insert(1, 5000, 3);
    let finding = scene.cure("ivfflat-training");
    assert!(finding.text.contains("about 0 rows, and now it has about 5"), "{finding:?}");
    assert_eq!(scene.found("ivfflat-lists"), []);
}

#[test]
fn too_many_lists_for_the_rows_are_found() {
    let Some(mut scene) = Scene::new(3, "") else { return };
    scene.insert(101, 2000, 3);
    scene.schema.execute("CREATE INDEX i ON t USING ivfflat (feature vector_l2_ops)");
    let finding = scene.cure("ivfflat-lists");
    assert!(finding.text.contains("100 lists for 2000 rows"), "{finding:?}");
}

#[test]
fn a_small_ef_construction_is_found() {
    let Some(mut scene) = Scene::new(3, &format!("{HNSW} WITH (ef_construction = 32)")) else { return };
    scene.cure("hnsw-ef-construction");
}

#[test]
fn few_links_for_many_dimensions_are_found() {
    let Some(mut scene) = Scene::new(256, &format!("{HNSW} WITH (m = 8, ef_construction = 40)")) else { return };
    scene.cure("hnsw-m");
    assert_eq!(scene.found("hnsw-ef-construction"), []);
}

#[test]
fn a_graph_of_sparse_vectors_that_are_deleted_is_found() {
    let Some(mut scene) = Scene::new(
        3,
        "ALTER TABLE t ALTER feature TYPE sparsevec(3); CREATE INDEX i ON t USING hnsw (feature sparsevec_l2_ops);
         DELETE FROM t WHERE id < 10",
    ) else {
        return;
    };
    scene.tell();
    let finding = scene.only("pgvector-sparsevec");
    scene.schema.execute(&finding.remedy);
}
