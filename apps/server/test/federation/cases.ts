/**
 * The 65 cases of the public kit (and the two that it has switched off), each as one line. `> act`: the counter-party sends it,
 * `! act`: and is refused, `< act`: we send it, `= STATE`: what the process says when asked.
 */
export type Case = [id: string, subject: string, steps: string];

export const providerNegotiations: Case[] = [
  ['CN:01-01', 'ACN0101', '> request < offer > terminate = TERMINATED'],
  ['CN:01-02', 'ACN0102', '> request < offer > request < terminate = TERMINATED'],
  ['CN:01-03', 'ACN0103', '> request < offer > accept < agree > verify < finalize = FINALIZED'],
  ['CN:01-04', 'ACN0104', '> request < agree > verify < finalize = FINALIZED'],
  ['CN:02-01', 'ACN0201', '> request < terminate = TERMINATED'],
  ['CN:02-02', 'ACN0202', '> request > terminate = TERMINATED'],
  ['CN:02-03', 'ACN0203', '> request < agree > terminate = TERMINATED'],
  ['CN:02-04', 'ACN0204', '> request < offer > terminate = TERMINATED'],
  ['CN:02-05', 'ACN0205', '> request < offer < terminate = TERMINATED'],
  ['CN:02-06', 'ACN0206', '> request < offer > accept < terminate = TERMINATED'],
  ['CN:02-07', 'ACN0207', '> request < agree > verify < terminate = TERMINATED'],
  ['CN:03-01', 'ACN0301', '> request < agree > verify < finalize = FINALIZED ! terminate = FINALIZED'],
  ['CN:03-02', 'ACN0302', '> request < offer ! verify = OFFERED'],
  ['CN:03-03', 'ACN0303', '> request < offer > accept ! verify = ACCEPTED'],
  ['CN:03-04', 'ACN0304', '> request < offer > request ! request = REQUESTED'],
];

export const consumerNegotiations: Case[] = [
  ['CN_C:01-01', 'ACNC0101', '< request > offer < accept > agree < verify > finalize = FINALIZED'],
  ['CN_C:01-02', 'ACNC0102', '< request > offer < request > terminate = TERMINATED'],
  ['CN_C:01-03', 'ACNC0103', '< request > offer < terminate = TERMINATED'],
  ['CN_C:01-04', 'ACNC0104', '< request > agree < verify > finalize = FINALIZED'],
  ['CN_C:02-01', 'ACNC0201', '< request > terminate = TERMINATED'],
  ['CN_C:02-02', 'ACNC0202', '< request < terminate = TERMINATED'],
  ['CN_C:02-03', 'ACNC0203', '< request > agree < terminate = TERMINATED'],
  ['CN_C:02-04', 'ACNC0204', '< request > offer = OFFERED > terminate = TERMINATED'],
  ['CN_C:02-05', 'ACNC0205', '< request > offer < accept > terminate = TERMINATED'],
  ['CN_C:02-06', 'ACNC0206', '< request > agree < verify > terminate = TERMINATED'],
  ['CN_C:03-01', 'ACNC0301', '< request ! finalize = REQUESTED'],
  ['CN_C:03-02', 'ACNC0302', '< request > offer ! agree = OFFERED'],
  ['CN_C:03-03', 'ACNC0303', '< request > offer ! finalize = OFFERED'],
  ['CN_C:03-04', 'ACNC0304', '< request > offer < accept ! finalize = ACCEPTED'],
  ['CN_C:03-05', 'ACNC0305', '< request > offer < accept ! offer = ACCEPTED'],
  ['CN_C:03-06', 'ACNC0306', '< request > offer < accept > agree ! finalize = AGREED'],
];

export const providerTransfers: Case[] = [
  ['TP:01-01', 'ATP0101', '> begin < start < end = TERMINATED'],
  ['TP:01-02', 'ATP0102', '> begin < start < complete = COMPLETED'],
  ['TP:01-03', 'ATP0103', '> begin < start < suspend < end = TERMINATED'],
  ['TP:01-04', 'ATP0104', '> begin < start < suspend < start < complete = COMPLETED'],
  ['TP:01-05', 'ATP0105', '> begin < end = TERMINATED'],
  ['TP:02-01', 'ATP0201', '> begin < start > end = TERMINATED'],
  ['TP:02-02', 'ATP0202', '> begin < start > complete = COMPLETED'],
  ['TP:02-03', 'ATP0203', '> begin < start > suspend = SUSPENDED > end = TERMINATED'],
  ['TP:02-04', 'ATP0204', '> begin < start > suspend = SUSPENDED > start = STARTED > complete = COMPLETED'],
  ['TP:02-05', 'ATP0205', '> begin = REQUESTED > end = TERMINATED'],
  ['TP:03-01', 'ATP0301', '> begin ! complete = REQUESTED'],
  ['TP:03-02', 'ATP0302', '> begin ! suspend = REQUESTED'],
  ['TP:03-03', 'ATP0303', '> begin < start > suspend ! complete = SUSPENDED'],
  ['TP:03-04', 'ATP0304', '> begin < start > end ! start = TERMINATED'],
  ['TP:03-05', 'ATP0305', '> begin < start > end ! suspend = TERMINATED'],
  ['TP:03-06', 'ATP0306', '> begin < start > end ! complete = TERMINATED'],
];

export const consumerTransfers: Case[] = [
  ['TP_C:01-01', 'ATPC0101', '< begin > start = STARTED > end = TERMINATED'],
  ['TP_C:01-02', 'ATPC0102', '< begin > start > complete = COMPLETED'],
  ['TP_C:01-03', 'ATPC0103', '< begin > start > suspend = SUSPENDED > end = TERMINATED'],
  ['TP_C:01-04', 'ATPC0104', '< begin > start > suspend > start > complete = COMPLETED'],
  ['TP_C:01-05', 'ATPC0105', '< begin > end = TERMINATED'],
  ['TP_C:02-01', 'ATPC0201', '< begin > start < end = TERMINATED'],
  ['TP_C:02-02', 'ATPC0202', '< begin > start < complete = COMPLETED'],
  ['TP_C:02-03', 'ATPC0203', '< begin > start < suspend < end = TERMINATED'],
  ['TP_C:02-04', 'ATPC0204', '< begin > start < suspend < start < complete = COMPLETED'],
  ['TP_C:02-05', 'ATPC0205', '< begin < end = TERMINATED'],
  ['TP_C:03-01', 'ATPC0301', '< begin ! complete = REQUESTED'],
  ['TP_C:03-02', 'ATPC0302', '< begin ! suspend = REQUESTED'],
  ['TP_C:03-03', 'ATPC0303', '< begin > start > suspend ! complete = SUSPENDED'],
  ['TP_C:03-04', 'ATPC0304', '< begin > start > end ! start = TERMINATED'],
  ['TP_C:03-05', 'ATPC0305', '< begin > start > end ! suspend = TERMINATED'],
  ['TP_C:03-06', 'ATPC0306', '< begin > start > end ! complete = TERMINATED'],
];
