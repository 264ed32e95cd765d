import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('nodes', {
  notHub: {
    status: 409,
    title: { zh: '本节点不是枢纽，不受理接入', en: 'This node is no hub and takes no registrations' },
    next: { zh: '请核对枢纽地址', en: 'Check the address of the hub' },
  },
  kindNotTaken: {
    status: 409,
    title: { zh: '本节点不受理这类节点接入', en: 'This node takes no nodes of that kind' },
    next: { zh: '请向受理该类节点的枢纽申请', en: 'Apply at a hub that takes them' },
  },
  signatureInvalid: {
    status: 403,
    title: { zh: '签名与节点密钥不符', en: 'The signature does not hold under the node’s key' },
    next: { zh: '请由该节点重新签名发送', en: 'Let the node sign and send it anew' },
  },
  wrongRecipient: {
    status: 409,
    title: { zh: '此消息不是发给本枢纽的', en: 'This message is meant for another hub' },
    next: { zh: '请核对枢纽及其密钥', en: 'Check which hub it is, and its key' },
  },
  messageInvalid: {
    status: 400,
    title: { zh: '消息内容不合格式', en: 'The message is not in its form' },
    next: { zh: '请升级节点软件后重试', en: 'Bring the node’s program up to date' },
  },
  nodeUnknown: {
    status: 403,
    title: { zh: '此密钥没有登记', en: 'No node is registered under this key' },
    next: { zh: '请先申请接入', en: 'Apply first' },
  },
  nodeEnded: {
    status: 403,
    title: { zh: '节点登记已终止', en: 'The registration has ended' },
    next: { zh: '查看理由；可重新申请', en: 'Read the reason; apply again' },
  },
  registered: {
    status: 409,
    title: { zh: '此密钥已登记或正在办理', en: 'This key is registered or about to be' },
    next: { zh: '查看办理状态', en: 'Look at how it stands' },
  },
  replayed: {
    status: 409,
    title: { zh: '此消息已经收到过', en: 'This message was heard before' },
    next: { zh: '请以新的编号发送', en: 'Send a new one' },
  },
  wrongState: {
    status: 409,
    title: { zh: '当前状态不能办理此步骤', en: 'This step is not open in the present state' },
    next: { zh: '查看办理状态', en: 'Look at how it stands' },
  },
  attachmentUnfit: {
    status: 422,
    title: { zh: '附件内容与所称类型不符', en: 'The attachment is not what it is said to be' },
    next: {
      zh: '请给出 PDF、PNG、JPEG、JSON、XML、ZIP 或 UTF-8 文本，并如实说明类型',
      en: 'Give a PDF, PNG, JPEG, JSON, XML, ZIP or UTF-8 text, and say which',
    },
  },
  attachmentTooLarge: {
    status: 413,
    title: { zh: '附件超过大小上限', en: 'The attachment is too large' },
    next: { zh: '请压缩或拆分后再传', en: 'Make it smaller, or two of it' },
  },
  attachmentDiffers: {
    status: 422,
    title: { zh: '附件与申请中签名列明的不一致', en: 'The attachment is not what the application signed for' },
    next: { zh: '请送交原附件；内容已变的，重新申请', en: 'Send the one that was named; apply anew if it has changed' },
  },
  applicationFile: {
    status: 422,
    title: { zh: '接入申请材料不能读取', en: 'What is to go with the application cannot be read' },
    next: {
      zh: '核对 SHUGU_NODE_APPLICATION 所指文件及其附件',
      en: 'Check the file of SHUGU_NODE_APPLICATION and what it names',
    },
  },
  attachmentsFull: {
    status: 409,
    title: { zh: '附件数量已达上限', en: 'There are as many attachments as an application takes' },
    next: { zh: '请先移除不需要的', en: 'Leave one out first' },
  },
  attachmentHeld: {
    status: 409,
    title: {
      zh: '该附件已上传，或已随申请送出',
      en: 'The attachment is there already, or was named by an application',
    },
    next: { zh: '无需重复上传；已送出的不能移除', en: 'It need not come twice; one that was named stays' },
  },
  checkpointInvalid: {
    status: 422,
    title: { zh: '检查点不能证明该日志', en: 'The checkpoint does not prove the log' },
    next: {
      zh: '请出示申请中所列日志的签名检查点',
      en: 'Show a signed checkpoint of the log that the application names',
    },
  },
  digestDiffers: {
    status: 422,
    title: { zh: '内容与其摘要不符', en: 'What is said does not have the digest that it states' },
    next: { zh: '整批未予接收，请核对后重发', en: 'Nothing of the batch was taken in; check it and send it again' },
  },
  gap: {
    status: 409,
    title: { zh: '变更序号不连续', en: 'Changes are missing before these' },
    next: { zh: '请从枢纽已持有的序号之后发送', en: 'Send what follows the sequence that the hub holds' },
  },
  addressTaken: {
    status: 409,
    title: {
      zh: '此网址或日志属于枢纽或另一在册节点',
      en: 'This address or log is the hub’s, or another node’s that takes part',
    },
    next: {
      zh: '请以本节点自己的网址与日志申请；节点更换密钥的，请枢纽先撤销原登记',
      en: 'Apply with an address and a log of your own; for a new key let the hub revoke the old registration first',
    },
  },
  full: {
    status: 409,
    title: { zh: '节点数已达上限', en: 'No more nodes can be registered' },
    next: { zh: '请联系枢纽运营方', en: 'Turn to the hub’s operator' },
  },
  entriesFull: {
    status: 409,
    title: { zh: '本节点在枢纽的条目已达上限', en: 'The hub holds no more entries of this node' },
    next: { zh: '撤下不再供应的产品或已结束的需求', en: 'Withdraw listings and demands that are over' },
  },
  joined: {
    status: 409,
    title: { zh: '本节点已接入或正在申请', en: 'This node has a hub, or is applying at one' },
    next: { zh: '查看接入状态', en: 'Look at how it stands' },
  },
  noHub: {
    status: 422,
    title: { zh: '没有给出枢纽地址', en: 'No hub is named' },
    next: { zh: '填写枢纽地址，或设置 SHUGU_HUB_URL', en: 'Name it, or set SHUGU_HUB_URL' },
  },
  hubAddress: {
    status: 422,
    title: { zh: '不允许连接此地址', en: 'This address may not be connected to' },
    next: {
      zh: '使用 https 公网地址；内网地址须由运营方在 SHUGU_PRIVATE_NODES 中开放',
      en: 'Use a public https address; a private one must be opened in SHUGU_PRIVATE_NODES',
    },
  },
  noPeers: {
    status: 409,
    title: {
      zh: '本节点没有已激活的枢纽接入，无从得知其他节点',
      en: 'This node is active at no hub, and so knows no other nodes',
    },
    next: { zh: '请先接入枢纽并完成激活', en: 'Apply at a hub and become active first' },
  },
  peerUnknown: {
    status: 403,
    title: { zh: '该节点不在枢纽的名册上，或本节点不信任它', en: 'No node that the hub names and this one believes' },
    next: {
      zh: '核对枢纽上的节点状态与 SHUGU_TRUST_NODES',
      en: 'Look at the nodes of the hub, and at SHUGU_TRUST_NODES',
    },
  },
  notSoldAbroad: {
    status: 409,
    title: { zh: '此产品不能在其他节点购买', en: 'This product cannot be bought at another node' },
    next: {
      zh: '在其所属节点购买，或请供方开通连接器并明码标价',
      en: 'Buy it at its node, or ask the supplier to open its connector and to name a price',
    },
  },
  formatNotOffered: {
    status: 422,
    title: {
      zh: '供方没有以此传输类型提供该产品',
      en: 'The supplier does not offer this product in that type of transfer',
    },
    next: { zh: '从 detail 所列的类型中选择', en: 'Choose one of the types that detail names' },
  },
  formatUnreceivable: {
    status: 409,
    title: { zh: '本单位不能接收此传输类型', en: 'Nobody here can receive that type of transfer' },
    next: {
      zh: '选择其他类型，或登记承担该类型的数据面',
      en: 'Choose another type, or register a data plane that takes it',
    },
  },
  destinationMissing: {
    status: 422,
    title: { zh: '此传输类型由供方送达，须给出接收地址', en: 'Of this type data are brought: name where to' },
    next: {
      zh: '在 dataAddress 中给出 https 接收地址，或选择自行取数的类型',
      en: 'Name your receiver’s https address in dataAddress, or choose a type that is fetched',
    },
  },
  destinationUnused: {
    status: 422,
    title: { zh: '此传输类型不送达任何地址', en: 'Of this type nothing is brought anywhere' },
    next: { zh: '去掉 dataAddress，或选择送达的类型', en: 'Leave dataAddress out, or choose a type that is pushed' },
  },
  exposureReached: {
    status: 409,
    title: {
      zh: '与该节点之间的担保余额已达上限',
      en: 'No more may be guaranteed between these two nodes now',
    },
    next: {
      zh: '待先前的购买结清后再买，或减少数量；上限由运营方以 SHUGU_NODE_EXPOSURE_YUAN 设定',
      en: 'Buy less, or once earlier purchases are settled; the operator sets the limit by SHUGU_NODE_EXPOSURE_YUAN',
    },
  },
  hubAway: {
    status: 502,
    title: { zh: '枢纽没有正确答复', en: 'The hub did not answer as it should' },
    next: { zh: '稍后再试', en: 'Try again later' },
  },
});
