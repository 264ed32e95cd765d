import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('compute', {
  wrongState: {
    status: 409,
    title: { zh: '合约当前状态不能办理此操作', en: 'The contract’s state does not allow this' },
    next: { zh: '查看合约状态与下一步', en: 'Look at its state and what comes next' },
  },
  contractInvalid: {
    status: 422,
    title: { zh: '合约内容不成立', en: 'The contract does not hold together' },
    next: { zh: '按所指出的字段修改', en: 'Correct the field that is named' },
  },
  notAParty: {
    status: 422,
    title: { zh: '起草单位须是合约的一方', en: 'Whoever drafts is one of the parties' },
    next: { zh: '由某一方数据持有单位或结果接收单位起草', en: 'Let an owner of data or a recipient draft it' },
  },
  partyUnknown: {
    status: 422,
    title: { zh: '没有这个会员单位', en: 'There is no such member' },
    next: { zh: '核对单位编号', en: 'Check the organisation’s identifier' },
  },
  budgetMissing: {
    status: 409,
    title: {
      zh: '尚未给这份数据设定隐私预算，不能签署加噪的合约',
      en: 'No privacy budget is set for these data: a contract with noise cannot be signed',
    },
    next: { zh: '先设定这份数据的隐私预算', en: 'Set the budget of these data first' },
  },
  budgetShort: {
    status: 409,
    title: { zh: '隐私预算不足，未读取任何数据', en: 'The privacy budget is too small; nothing was read' },
    next: {
      zh: '请数据持有单位提高预算，或取用已有的结果',
      en: 'Ask the owner to raise it, or use results that were given',
    },
  },
  queryRefused: {
    status: 422,
    title: { zh: '查询超出数据持有单位允许的范围', en: 'The query shows more than the owners of the data permit' },
    next: {
      zh: '按所给理由修改查询或披露规则',
      en: 'Change the query, or the rules of disclosure, for the reason given',
    },
  },
  dataUnknown: {
    status: 422,
    title: { zh: '数据集不是本单位现有的数据版本', en: 'The data set is not data that your organisation has' },
    next: { zh: '核对资源、版本摘要与字段后重新起草', en: 'Check resource, version and columns, and draft it anew' },
  },
  digestDiffers: {
    status: 409,
    title: { zh: '签署的不是这份合约', en: 'This is not the contract that you read' },
    next: { zh: '重新打开合约，核对后再签', en: 'Open it again, read it, then sign' },
  },
  alreadySigned: {
    status: 409,
    title: { zh: '本单位已签署', en: 'Your organisation has signed' },
    next: { zh: '等待其他单位签署', en: 'Wait for the others' },
  },
  unsigned: {
    status: 409,
    title: { zh: '合约尚未由全部数据持有单位签署', en: 'Not every owner has signed' },
    next: { zh: '等待全部签署', en: 'Wait for all signatures' },
  },
  notYet: {
    status: 409,
    title: { zh: '合约尚未到生效时间', en: 'The contract’s term has not begun' },
    next: { zh: '在有效期内使用', en: 'Use it within its term' },
  },
  expired: {
    status: 409,
    title: { zh: '合约已到期', en: 'The contract has expired' },
    next: { zh: '起草新的合约', en: 'Draft a new one' },
  },
  revoked: {
    status: 409,
    title: { zh: '合约已被撤销', en: 'The contract was revoked' },
    next: { zh: '与撤销的单位联系', en: 'Turn to the owner that revoked it' },
  },
  exhausted: {
    status: 409,
    title: { zh: '合约约定的次数已用完', en: 'All agreed uses are taken' },
    next: { zh: '起草新的合约', en: 'Draft a new one' },
  },
  periodUsed: {
    status: 409,
    title: { zh: '本期约定的次数已用完', en: 'All uses that were agreed for this period are taken' },
    next: { zh: '到所示时间再用', en: 'Run it from the time on that is named' },
  },
  queryDiffers: {
    status: 409,
    title: { zh: '这不是合约约定的查询', en: 'This is not the query of the contract' },
    next: {
      zh: '只能运行合约约定的查询；其他查询须另签合约',
      en: 'Only the agreed query runs; another one needs a contract of its own',
    },
  },
  confirmationWrong: {
    status: 422,
    title: {
      zh: '不是合约所列的本方密钥对合约原文的签名',
      en: 'This is no signature over the contract by your key that it names',
    },
    next: {
      zh: '在 prepare 所用的文件夹旁运行 shugu compute confirm',
      en: 'Run shugu compute confirm with the folder that prepare made',
    },
  },
  opensMore: {
    status: 409,
    title: {
      zh: '合约没有人数下限或披露规则，或查询超出它们，不予运行',
      en: 'The contract has no least number of entities and no rules for its columns, or its query goes beyond them: it does not run',
    },
    next: { zh: '起草新的合约', en: 'Draft a new one' },
  },
  parameterWrong: {
    status: 422,
    title: { zh: '参数不在合约约定的取值之内', en: 'A parameter is none of the agreed values' },
    next: { zh: '从约定的取值中选择', en: 'Choose one of the agreed values' },
  },
  versionSwapped: {
    status: 409,
    title: { zh: '数据已不是签署时的版本', en: 'The data are not the version that was signed' },
    next: { zh: '就新的版本另签合约', en: 'Sign a contract on the new version' },
  },
  engineUnknown: {
    status: 422,
    title: {
      zh: '本交易所不提供这种引擎或这个版本',
      en: 'This exchange does not offer such an engine, or not in that version',
    },
    next: {
      zh: '从 /api/compute/engines 所列中选择，或不填引擎',
      en: 'Choose one that /api/compute/engines lists, or name none',
    },
  },
  engineDiffers: {
    status: 409,
    title: {
      zh: '引擎已不是合约约定的那一个版本，未读取任何数据',
      en: 'The engine is no longer the one of the contract; nothing was read',
    },
    next: {
      zh: '请运营方装回约定的版本，或就现有版本另签合约',
      en: 'Ask the operator for the agreed version, or sign a contract on the one that is there',
    },
  },
  sandboxMissing: {
    status: 503,
    title: {
      zh: '本节点没有可用的操作系统沙箱（bubblewrap），不运行外来代码',
      en: 'This node has no sandbox (bubblewrap) that can be used; foreign code is not run',
    },
    next: {
      zh: '请运营方安装 bubblewrap 并允许用户命名空间',
      en: 'Ask the operator to install bubblewrap and allow user name spaces',
    },
  },
  moduleRefused: {
    status: 422,
    title: { zh: '模块不能运行', en: 'The module cannot be run' },
    next: { zh: '按所给理由修改模块后重新提交', en: 'Change the module for the reason given, and send it again' },
  },
  moduleUnknown: {
    status: 422,
    title: { zh: '本单位没有提交过这个模块', en: 'Your organisation has sent no such module' },
    next: { zh: '先提交模块，再起草合约', en: 'Send the module first, then draft the contract' },
  },
  moduleEnded: {
    status: 422,
    title: { zh: '模块没有给出可用的输出', en: 'The module gave no output that can be used' },
    next: {
      zh: '这次使用已计次；按所给理由修改模块，另签合约',
      en: 'This use counts; change the module for the reason given and sign another contract',
    },
  },
  outputDiffers: {
    status: 409,
    title: { zh: '批准的不是这份输出', en: 'This is not the output that you read' },
    next: { zh: '重新打开输出，核对后再答复', en: 'Open it again, read it, then answer' },
  },
  alreadyAnswered: {
    status: 409,
    title: { zh: '本单位已答复', en: 'Your organisation has answered' },
    next: { zh: '等待其他单位答复', en: 'Wait for the others' },
  },
  outputRefused: {
    status: 409,
    title: { zh: '数据持有单位拒绝发布输出', en: 'An owner of the data refused the output' },
    next: { zh: '与该单位联系', en: 'Turn to that owner' },
  },
  outputUnanswered: {
    status: 409,
    title: {
      zh: '数据持有单位未在期限内答复，输出不予发布',
      en: 'Not every owner answered in time; the output is given to nobody',
    },
    next: { zh: '与未答复的单位联系', en: 'Turn to the owners that did not answer' },
  },
  notReleased: {
    status: 409,
    title: { zh: '没有可取的结果', en: 'There is no result to fetch' },
    next: { zh: '查看这次使用的状态', en: 'Look at how this use stands' },
  },
  elsewhere: {
    status: 409,
    title: {
      zh: '结果只在结果接收单位自己的机器上打开，本节点没有',
      en: 'The result opens at its recipients alone; this node does not have it',
    },
    next: { zh: '在运行 shugu compute run 的机器上查看', en: 'Look where shugu compute run was run' },
  },
  partMissing: {
    status: 409,
    title: { zh: '有一方没有在规定时间内到场或陈述', en: 'A party did not come, or did not state its part, in time' },
    next: {
      zh: '这次使用已计次；各方都准备好后再运行一次',
      en: 'This use counts; run another when all are ready',
    },
  },
  partFailed: {
    status: 409,
    title: { zh: '有一方没有完成计算，未给出结果', en: 'A party did not come to the end; nothing was opened' },
    next: {
      zh: '按所给理由处理后再运行一次；这次使用已计次',
      en: 'See to the reason, then run another; this use counts',
    },
  },
  tooFew: {
    status: 409,
    title: {
      zh: '相同标识少于合约约定的数量，未打开',
      en: 'Fewer keys are common than were agreed on; nothing was opened',
    },
    next: {
      zh: '这次使用已计次；数据不变时再运行也是如此',
      en: 'This use counts; of the same data another one would end alike',
    },
  },
  partsDiffer: {
    status: 409,
    title: {
      zh: '各方的陈述互不一致，或与合约不符',
      en: 'What the parties state does not fit together, or not the contract',
    },
    next: { zh: '各方核对各自的数据文件与记录；这次使用已计次', en: 'Compare files and records; this use counts' },
  },
  untouched: {
    status: 409,
    title: {
      zh: '全部数据持有单位签名陈述未触及数据，这次使用退回，不计次',
      en: 'All owners signed that no data were touched: the use is given back and does not count',
    },
    next: { zh: '可再运行一次', en: 'Run another' },
  },
  useEnded: {
    status: 409,
    title: { zh: '这次使用已经结束', en: 'This use has ended' },
    next: { zh: '查看其记录；如仍需要，再运行一次', en: 'Look at its record; run another if it is still needed' },
  },
  alreadyStated: {
    status: 409,
    title: { zh: '本单位已陈述，不能更改', en: 'Your organisation has stated its part, and that stays' },
    next: { zh: '等待其他单位', en: 'Wait for the others' },
  },
  statementWrong: {
    status: 422,
    title: {
      zh: '陈述不是本单位对这次使用的，或签名不成立',
      en: 'The statement is not yours of this use, or its signature does not hold',
    },
    next: {
      zh: '用合约所列密钥签署本次使用的陈述',
      en: 'Sign the statement of this use with the key that the contract names',
    },
  },
  answerRefused: {
    status: 422,
    title: { zh: '结果超出合约约定的范围，未予发布', en: 'The result is larger than agreed and was not released' },
    next: { zh: '签署行数上限更大的合约', en: 'Sign a contract with a higher limit' },
  },
  broken: {
    status: 422,
    title: { zh: '计算未能完成', en: 'The computation did not come to an end' },
    next: { zh: '这次使用已计次；稍后再运行', en: 'This use counts; run another later' },
  },
  cancelled: {
    status: 409,
    title: { zh: '计算已取消', en: 'The computation was cancelled' },
    next: { zh: '这次使用已计次；如仍需要，可再运行一次', en: 'This use counts; run another if it is still needed' },
  },
  unpaid: {
    status: 409,
    title: {
      zh: '存管银行未能冻结价款，计算没有开始',
      en: 'The bank could not freeze the price; nothing was computed',
    },
    next: {
      zh: '这次使用已计次，不收费；入金后再运行',
      en: 'This use counts and costs nothing; pay money in, then run another',
    },
  },
  interrupted: {
    status: 409,
    title: { zh: '计算被中断', en: 'The computation was interrupted' },
    next: { zh: '这次使用已计次；可再运行一次', en: 'This use counts; run another' },
  },
  busy: {
    status: 503,
    title: { zh: '计算进程繁忙', en: 'All computing processes are busy' },
    next: { zh: '稍后再试', en: 'Try again in a moment' },
  },
});
