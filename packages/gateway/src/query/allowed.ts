/**
 * What a template may be made of. Lists of what is allowed, never of what is forbidden: the engine registers some 2,900
 * functions, and those that read files, settings or other people's tables look like any other. The shapes are those of the
 * engine's own parser, so all of this is bound to one version of it; another version is refused until the golden tests
 * (`gate.test.ts`) have been looked at again.
 */
export const ENGINE_VERSION = 'v1.5.6';

/**
 * Aggregates that keep every value in one cell (list, string_agg, histogram) are left out: as window functions they
 * need memory in the square of the rows, faster than any watch can end them. So are repeat and the pads, and all that
 * depends on chance, on the hour, or on the engine's settings.
 */
export const AGGREGATES = `any_value approx_count_distinct arg_max arg_min avg bool_and bool_or corr count count_if count_star
  covar_pop covar_samp first last max max_by mean median min min_by mode quantile_cont quantile_disc regr_intercept
  regr_r2 regr_slope stddev stddev_pop stddev_samp sum var_pop var_samp variance`;

export const WINDOWS =
  'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number';

export const SCALARS = `+ - * / // % ^ ** || ~~ !~~ ~~* !~~* ~~~ abs cbrt ceil ceiling concat concat_ws contains date_add date_diff
  date_part date_sub date_trunc datediff datepart datetrunc day dayname dayofmonth dayofweek dayofyear ends_with even exp
  floor greatest hour instr isfinite isinf isnan isodow isoyear last_day least left length like_escape
  not_like_escape ilike_escape not_ilike_escape ln log log10 log2 lower ltrim make_date minute month monthname nullif
  position pow power quarter regexp_extract regexp_full_match regexp_matches replace reverse right round round_even rtrim
  second sign sqrt starts_with strftime strip_accents strlen strpos substr substring suffix prefix to_days to_hours
  to_minutes to_months to_years trim trunc upper week weekday weekofyear year yearweek`;

const words = (...lists: string[]): ReadonlySet<string> =>
  new Set(
    lists
      .join(' ')
      .split(/\s+/)
      .filter((one) => one !== ''),
  );

export const FUNCTIONS = words(AGGREGATES, WINDOWS, SCALARS);

/** `type` of every node that the parser may give. Recursion, table functions, SHOW, lambdas and collations are not here. */
export const SYNTAX_NODES = words(`SELECT_NODE SET_OPERATION_NODE CTE_NODE
  ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING
  BASE_TABLE JOIN SUBQUERY EMPTY EXPRESSION_LIST
  COLUMN_REF STAR POSITIONAL_REFERENCE VALUE_CONSTANT VALUE_PARAMETER FUNCTION CASE_EXPR OPERATOR_CAST
  COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO COMPARE_GREATERTHANOREQUALTO
  COMPARE_IN COMPARE_NOT_IN COMPARE_BETWEEN COMPARE_NOT_BETWEEN COMPARE_DISTINCT_FROM COMPARE_NOT_DISTINCT_FROM
  CONJUNCTION_AND CONJUNCTION_OR OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE GROUPING_FUNCTION
  WINDOW_AGGREGATE WINDOW_RANK WINDOW_RANK_DENSE WINDOW_NTILE WINDOW_PERCENT_RANK WINDOW_CUME_DIST WINDOW_ROW_NUMBER
  WINDOW_FIRST_VALUE WINDOW_LAST_VALUE WINDOW_LEAD WINDOW_LAG WINDOW_NTH_VALUE
  DECIMAL_TYPE_INFO`);

/** Types that a cast may name and a column of the answer may have. */
export const TYPES = words(
  'BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL VARCHAR DATE TIMESTAMP',
);
/** Besides, what a constant may be: `interval 1 day`, `null`, `1e3`. */
export const CONSTANT_TYPES = new Set([...TYPES, 'NULL', 'INTEGER_LITERAL', 'STRING_LITERAL']);

/** Operators of the bound plan. What reads rows is LOGICAL_GET alone; its table is looked at. */
export const PLAN_OPERATORS =
  words(`LOGICAL_PROJECTION LOGICAL_FILTER LOGICAL_AGGREGATE_AND_GROUP_BY LOGICAL_WINDOW LOGICAL_LIMIT
  LOGICAL_ORDER_BY LOGICAL_TOP_N LOGICAL_DISTINCT LOGICAL_GET LOGICAL_EXPRESSION_GET LOGICAL_DUMMY_SCAN LOGICAL_EMPTY_RESULT
  LOGICAL_CHUNK_GET LOGICAL_CTE_REF LOGICAL_MATERIALIZED_CTE LOGICAL_DELIM_GET LOGICAL_DELIM_JOIN LOGICAL_COMPARISON_JOIN
  LOGICAL_ANY_JOIN LOGICAL_CROSS_PRODUCT LOGICAL_ASOF_JOIN LOGICAL_DEPENDENT_JOIN LOGICAL_UNION LOGICAL_EXCEPT
  LOGICAL_INTERSECT`);

/** Functions that binding puts in by itself, and that hand out nothing: a sub-query of one row raises `error` when there are more. */
export const PLAN_FUNCTIONS = new Set([...FUNCTIONS, 'error', 'constant_or_null', 'count']);
