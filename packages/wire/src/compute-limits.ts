/** Held equal to those of @shugu/private-compute by a test. */
export const computeLimits = {
  dataSetsMax: 4,
  columnsMax: 200,
  recipientsMax: 5,
  parametersMax: 5,
  valuesMax: 100,
  entitiesLeast: 3,
  entitiesMost: 1_000_000,
  rowsMax: 10_000,
  usesMax: 10_000,
  noiseRowsMax: 1000,
  answerSecondsMax: 3600,
  noiseCellsMax: 1000,
  boundDigitsMax: 12,
  sqlCharactersMax: 8000,
  reasonCharactersMax: 500,
  addressCharactersMax: 260,
  statementCharactersMax: 4000,
  signatureCharactersMax: 200,
  moduleBytesMax: 1_048_576,
  moduleMemoryMBMax: 512,
  moduleSecondsMax: 120,
  moduleOutputBytesMax: 4_194_304,
  moduleColumnsMax: 50,
} as const;
/** Of a query on shares, and of intersections; held equal to those of @shugu/private-compute by a test. */
export const sharesLimits = { rows: 1 << 24, decimals: 9 } as const;
export const psiLimits = { keys: 2 ** 28, atLeast: 1_000_000 } as const;
