import { defineProblems } from '../kernel/problem.ts';

export const problems = defineProblems('delivery', {
  tableUnknown: {
    status: 422,
    title: { zh: '该版本没有这张表', en: 'The version has no such table' },
    next: { zh: '从该版本的数据字典中选择', en: 'Choose from the version’s dictionary' },
  },
  columnUnknown: {
    status: 422,
    title: { zh: '表中没有这一列', en: 'The table has no such column' },
    next: { zh: '从该版本的数据字典中选择', en: 'Choose from the version’s dictionary' },
  },
  columnTwice: {
    status: 422,
    title: { zh: '同一列被重复列出', en: 'A column is named twice' },
    next: { zh: '每列只列一次', en: 'Name each column once' },
  },
  kindTwice: {
    status: 422,
    title: { zh: '同一种交付方式被重复设置', en: 'A kind of delivery is set twice' },
    next: { zh: '每种方式只设置一次', en: 'Set each kind once' },
  },
  kindNotOffered: {
    status: 422,
    title: { zh: '该版本未声明此交付方式', en: 'The version does not name this kind of delivery' },
    next: { zh: '在产品中声明该交付方式并发布新版本', en: 'Name it in the product and make a new version' },
  },
  contentMissing: {
    status: 422,
    title: { zh: '该表没有可交付的数据文件', en: 'The table has no data that could be delivered' },
    next: { zh: '先上传并处理数据，再发布新版本', en: 'Upload data first, then make a new version' },
  },
  upstreamRefused: {
    status: 422,
    title: { zh: '不允许转发到该地址', en: 'That address may not be forwarded to' },
    next: {
      zh: '使用公网 http(s) 地址，不含账号、锚点；内网地址须由运营方放行',
      en: 'Use a public http(s) address without credentials or fragment; the operator can open private ones',
    },
  },
  documentWrong: {
    status: 422,
    title: { zh: '接口文档无法使用', en: 'The interface’s document cannot be used' },
    next: {
      zh: '提供 OpenAPI 3.0 或 3.1 的 JSON，引用只指向本文档的 components',
      en: 'Give OpenAPI 3.0 or 3.1 in JSON whose references lead into its own components',
    },
  },
  secretHeaderMissing: {
    status: 422,
    title: { zh: '填写了密钥但未指明请求头', en: 'A secret without the header that carries it' },
    next: { zh: '填写承载密钥的请求头名称', en: 'Name the header' },
  },
  secretHeaderReserved: {
    status: 422,
    title: { zh: '该请求头不能用来承载密钥', en: 'That header cannot carry a secret' },
    next: { zh: '使用 Authorization 或供方自定的请求头', en: 'Use Authorization, or a header of your own' },
  },
  nameTwice: {
    status: 422,
    title: { zh: '名称重复', en: 'A name is used twice' },
    next: { zh: '每个查询、每个参数使用不同的名称', en: 'Give each query and each parameter a name of its own' },
  },
  parameterWrong: {
    status: 422,
    title: { zh: '查询参数不正确', en: 'A parameter of the query is not as it must be' },
    next: { zh: '按提示修改参数的类型、上下限或取值', en: 'Change its type, bounds or value as told' },
  },
  queryRefused: {
    status: 422,
    title: { zh: '查询模板未通过检查', en: 'The query template does not pass the gate' },
    next: {
      zh: '只用一条 SELECT、本产品的数据表和允许的函数改写，参数写作 $名称',
      en: 'Write one SELECT over the product’s own tables with allowed functions, and parameters as $name',
    },
  },
  queryFailed: {
    status: 422,
    title: { zh: '查询未能完成', en: 'The query could not be completed' },
    next: { zh: '按提示修改 SQL 或参数后再试', en: 'Change the SQL or the parameters as told, then try again' },
  },
  queryBusy: {
    status: 503,
    title: { zh: '查询繁忙', en: 'Queries are busy' },
    next: { zh: '稍后再试', en: 'Try again in a little while' },
  },
  notEnforceable: {
    status: 422,
    title: { zh: '该交付方式无法执行合同策略', en: 'That kind of delivery cannot enforce the policy' },
    next: { zh: '更换交付方式', en: 'Choose another kind of delivery' },
  },
  notMarkable: {
    status: 422,
    title: { zh: '该文件不能加注合同约定的水印', en: 'The file cannot carry the watermark that contracts ask for' },
    next: {
      zh: '交付首行为字段名的 CSV、NDJSON 或 Parquet 文件，且含有约定改动的字段',
      en: 'Deliver CSV with a header, NDJSON or Parquet that holds the columns to be altered',
    },
  },
  grantEnded: {
    status: 409,
    title: { zh: '使用授权已终止', en: 'The grant has ended' },
    next: { zh: '如需继续使用，请续签合同', en: 'Renew the contract to go on' },
  },
  keysFull: {
    status: 409,
    title: { zh: '密钥数量达到上限', en: 'The grant has as many keys as it may have' },
    next: { zh: '先吊销不用的密钥', en: 'Revoke keys that are not used' },
  },
  keyRevoked: {
    status: 409,
    title: { zh: '密钥已吊销', en: 'The key is revoked already' },
    next: { zh: '新建一个密钥', en: 'Make a new one' },
  },
  shareNotGranted: {
    status: 422,
    title: { zh: '该授权不含表共享', en: 'The grant includes no table share' },
    next: { zh: '按授权中的其他交付方式使用', en: 'Use the other kinds of delivery of the grant' },
  },
  purposeNeeded: {
    status: 422,
    title: { zh: '须指明合同许可的用途', en: 'Name a purpose that the contract permits' },
    next: { zh: '从授权的用途中选择', en: 'Choose from the purposes of the grant' },
  },
  shareMissing: {
    status: 409,
    title: { zh: '该版本没有表共享', en: 'The version has no table share' },
    next: { zh: '先设置“表共享”交付方式', en: 'Set up delivery by table share first' },
  },
  revisionSame: {
    status: 409,
    title: { zh: '没有比已发布的更新的数据', en: 'There is no data newer than what is published' },
    next: { zh: '先在资源中上传新数据', en: 'Upload new data to the resource first' },
  },
  revisionColumns: {
    status: 422,
    title: { zh: '新数据缺少该版本的字段', en: 'The new data lacks a column of the version' },
    next: {
      zh: '补齐字段后重新上传；字段有变请发布新的产品版本',
      en: 'Upload it with that column, or make a new product version',
    },
  },
  revisionsFull: {
    status: 409,
    title: { zh: '该版本发布数据的次数已达上限', en: 'The version has as many revisions as it may have' },
    next: { zh: '发布新的产品版本', en: 'Make a new product version' },
  },
  foldersClosed: {
    status: 422,
    title: { zh: '本节点未开放文件夹推送', en: 'This node allows no folders as destinations' },
    next: {
      zh: '改用其他目的地，或请运营方设置推送根目录',
      en: 'Use another kind, or ask the operator to allow a folder',
    },
  },
  destinationsFull: {
    status: 409,
    title: { zh: '推送目的地数量达到上限', en: 'There are as many destinations as there may be' },
    next: { zh: '先移除不用的目的地', en: 'Remove destinations that are not used' },
  },
  pushesFull: {
    status: 409,
    title: { zh: '该授权的推送数量达到上限', en: 'The grant has as many pushes as it may have' },
    next: { zh: '先终止不用的推送', en: 'End pushes that are not used' },
  },
  appendNeedsTable: {
    status: 422,
    title: { zh: '只有数据库目的地可以追加', en: 'Rows can be added in a database only' },
    next: { zh: '改选数据库目的地，或选择整体替换', en: 'Choose a database, or replacing' },
  },
  pushEnded: {
    status: 409,
    title: { zh: '推送已终止', en: 'The push has ended' },
    next: { zh: '新建一项推送', en: 'Make a new one' },
  },
  pushRunning: {
    status: 409,
    title: { zh: '该推送正在进行', en: 'A run of this push is under way' },
    next: { zh: '等待完成，或先停止', en: 'Wait for it, or stop it first' },
  },
  pushRunEnded: {
    status: 409,
    title: { zh: '该次推送已结束', en: 'The run has ended' },
    next: { zh: '如仍需要，请重新推送', en: 'Have it brought again if it is still needed' },
  },
  fileUnknown: {
    status: 422,
    title: { zh: '授权中没有这个文件', en: 'The grant has no such file' },
    next: { zh: '从授权的文件清单中选择', en: 'Choose from the grant’s files' },
  },
  traceNothing: {
    status: 422,
    title: { zh: '没有可比对的水印副本', en: 'There are no marked copies to compare with' },
    next: {
      zh: '合同约定水印并交付之后，才能溯源',
      en: 'Files can be traced once contracts with a watermark have been delivered',
    },
  },
  traceTooWide: {
    status: 422,
    title: { zh: '需比对的副本过多', en: 'There are too many copies to compare with' },
    next: { zh: '指明产品后再试', en: 'Name the product' },
  },
  traceUnreadable: {
    status: 422,
    title: { zh: '文件不能溯源', en: 'The file cannot be traced' },
    next: {
      zh: '提供 CSV、NDJSON 或 Parquet 数据表，首行为字段名',
      en: 'Give a table as CSV with a header, NDJSON or Parquet',
    },
  },
  gatewaysFull: {
    status: 409,
    title: { zh: '网关数量达到上限', en: 'There are as many gateways as there may be' },
    next: { zh: '先停用不用的网关', en: 'Revoke gateways that are not used' },
  },
  gatewayRevoked: {
    status: 409,
    title: { zh: '网关已停用', en: 'The gateway is revoked' },
    next: { zh: '登记新的网关', en: 'Register a new one' },
  },
  linkSuperseded: {
    status: 409,
    title: { zh: '控制连接已被更新的会话取代', en: 'A newer session of this gateway has taken over' },
    next: { zh: '重新建立控制连接', en: 'Begin a new session' },
  },
});
