import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('federation', {
  connectorClosed: {
    status: 409,
    title: { zh: '本单位的连接器未开通', en: 'The organisation’s connector is not open' },
    next: { zh: '先开通连接器', en: 'Open it first' },
  },
  addressRefused: {
    status: 422,
    title: { zh: '不允许连接到该地址', en: 'That address may not be connected to' },
    next: {
      zh: '使用公网 https 地址，不含账号、锚点；内网地址须由运营方放行',
      en: 'Use a public https address without credentials or fragment; the operator can open private ones',
    },
  },
  addressNeeded: {
    status: 422,
    title: {
      zh: '该标识不是 DID，须同时给出协议地址',
      en: 'That identifier is no DID: its protocol address is needed',
    },
    next: { zh: '填写对方的 DID，或其协议地址', en: 'Name its DID, or its protocol address' },
  },
  counterpartyUnfound: {
    status: 422,
    title: { zh: '取不到该 DID 的身份文档', en: 'The document of that DID cannot be read' },
    next: {
      zh: '核对 DID，确认其文档可经公网 https 读取；或直接给出协议地址',
      en: 'Check the DID, and that its document is read over public https; or name the protocol address',
    },
  },
  connectorUnnamed: {
    status: 422,
    title: { zh: '该 DID 的文档没有列出连接器', en: 'The document of that DID names no connector' },
    next: {
      zh: '请对方在 DID 文档中加入指向版本文档的 DataService；或直接给出协议地址',
      en: 'Ask for a DataService with the address of the version document in it; or name the protocol address',
    },
  },
  versionsDiffer: {
    status: 422,
    title: {
      zh: '对方连接器没有与本节点相同的协议版本与认证方式',
      en: 'The other connector offers no version of the protocol with a log-in that we have',
    },
    next: { zh: '请对方开放 2025-1 版本', en: 'Ask the other side to offer version 2025-1' },
  },
  datasetUnknown: {
    status: 422,
    title: { zh: '本单位目录中没有该数据集', en: 'The organisation’s catalogue has no such data set' },
    next: { zh: '先将产品上架', en: 'List the product first' },
  },
  agreementUnknown: {
    status: 422,
    title: { zh: '没有可据以请求传输的有效协议', en: 'There is no agreement in force to ask by' },
    next: { zh: '先完成协商', en: 'Conclude a negotiation first' },
  },
  pricesUnfit: {
    status: 422,
    title: { zh: '价格变更与挂牌方案的价格数目不符', en: 'The changed prices do not fit those of the listed plan' },
    next: {
      zh: '单一价格的方案用 price，阶梯方案用 tierPrices 逐阶给出；percent 须有可按的价格，结果不超过 12 位整数',
      en: 'Use price for a plan of one price, tierPrices with one for each tier; percent needs prices to be of, and gives 12 digits at most',
    },
  },
  notNow: {
    status: 409,
    title: { zh: '当前状态下不能这样回应', en: 'That cannot be answered in this state' },
    next: { zh: '从 acts 所列的动作中选择', en: 'Choose one of its acts' },
  },
  underWay: {
    status: 409,
    title: { zh: '上一条消息正在发送', en: 'The last message is still being sent' },
    next: { zh: '等待对方应答后再试', en: 'Wait for its answer, then try again' },
  },
  providerAway: {
    status: 502,
    title: { zh: '对方连接器没有正确答复', en: 'The other connector did not answer as it should' },
    next: { zh: '稍后再试', en: 'Try again later' },
  },
  recordsAbsent: {
    status: 404,
    title: { zh: '对方没有本单位的记录', en: 'The other side keeps no records for the organisation' },
    next: {
      zh: '成交之后方有结算单与凭证；其他产品的连接器可能不提供此接口，请向对方索取',
      en: 'There are statements and papers once something was sold; connectors of another make may not serve them: ask the other side',
    },
  },
  recordsUnreadable: {
    status: 502,
    title: { zh: '对方的记录不符合格式', en: 'The other side’s records are not in their form' },
    next: { zh: '请对方核查其连接器', en: 'Ask the other side to look at its connector' },
  },
  noCatalogue: {
    status: 422,
    title: { zh: '该地址没有向本单位答复目录', en: 'No catalogue was told to the organisation at that address' },
    next: {
      zh: '核对协议地址与对方标识，确认对方认可本单位的凭证签发方，再试',
      en: 'Check address and identifier, and that the other side trusts your issuer; then try again',
    },
  },
  requestsFull: {
    status: 409,
    title: { zh: '未办结的凭证申请过多', en: 'Too many requests for credentials are open' },
    next: { zh: '等待签发方答复后再申请', en: 'Wait for issuers to answer, then ask again' },
  },
  holderUnproven: {
    status: 422,
    title: { zh: '令牌不能证明该 DID 归本单位使用', en: 'The token does not prove that DID' },
    next: {
      zh: '由凭证服务以该 DID 的密钥签发以本节点 DID 为受众、未用过、未过期的自签身份令牌；详情见 detail',
      en: 'Let the wallet sign a self-issued ID token for this node’s DID, not used before and not expired; detail says what is wrong',
    },
  },
  holderUnserved: {
    status: 422,
    title: { zh: '该 DID 的文档没有列出凭证服务', en: 'The document of that DID names no credential service' },
    next: { zh: '在其 DID 文档中加入 CredentialService', en: 'Add a CredentialService to its DID document' },
  },
  holderHere: {
    status: 422,
    title: { zh: '该 DID 由本节点托管', en: 'That DID is one of this node' },
    next: {
      zh: '本节点托管的 DID 无须登记，开通连接器即获凭证',
      en: 'It needs no registration: opening the connector is enough',
    },
  },
  holderTaken: {
    status: 409,
    title: { zh: '该 DID 已由其他会员登记', en: 'Another member has registered that DID' },
    next: { zh: '换用本单位自己的 DID', en: 'Use a DID of your own organisation' },
  },
  planesFull: {
    status: 409,
    title: { zh: '登记的数据面过多', en: 'Too many data planes are registered' },
    next: { zh: '先注销不用的数据面', en: 'Remove those that are not used' },
  },
  profileTaken: {
    status: 422,
    title: { zh: '该类型的传输已由另一数据面承担', en: 'Another data plane takes transfers of that type' },
    next: { zh: '去掉该类型，或先从另一数据面移除', en: 'Leave the type out, or take it from the other first' },
  },
  controlPlanesFull: {
    status: 409,
    title: { zh: '准许的控制面过多', en: 'Too many control planes are let in' },
    next: { zh: '先撤销不用的控制面', en: 'Turn out one that is not used' },
  },
  contractUnheld: {
    status: 422,
    title: { zh: '不是本单位作为需方的有效合同', en: 'It is no contract in force of the organisation as buyer' },
    next: {
      zh: '只列出本单位作为需方、正在生效的合同',
      en: 'Name contracts in force of which the organisation is the buyer',
    },
  },
  planeBusy: {
    status: 409,
    title: { zh: '该数据面尚有未结束的传输', en: 'Transfers of that data plane are not over' },
    next: { zh: '先终止这些传输', en: 'Terminate them first' },
  },
});
