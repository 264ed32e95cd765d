import { defineProblems } from '../kernel/problem.ts';

export const catalogueProblems = defineProblems('catalogue', {
  resourceUnknown: {
    status: 422,
    title: {
      zh: '数据资源不存在，或本单位对其没有经营权',
      en: 'No such resource, or your organisation may not operate it',
    },
    next: {
      zh: '选择本单位的数据资源，或先登记经营权',
      en: 'Choose a resource of your own, or register the right to operate it',
    },
  },
  resourceNotReady: {
    status: 422,
    title: { zh: '数据资源尚未完成剖析', en: 'The resource has not been profiled yet' },
    next: {
      zh: '上传样本并等待剖析完成后再发布版本',
      en: 'Upload the data and wait for its profile, then make the version',
    },
  },
  nothingDescribed: {
    status: 422,
    title: { zh: '该类产品必须有数据字典', en: 'A product of this kind needs a data dictionary' },
    next: { zh: '关联数据资源，或声明返回字段', en: 'Attach a resource, or declare the fields it answers with' },
  },
  tableTwice: {
    status: 422,
    title: { zh: '表名或字段名重复', en: 'A table or column is named twice' },
    next: { zh: '为每张表、每个字段使用不同的名称', en: 'Give each table, and each column of a table, its own name' },
  },
  columnUnknown: {
    status: 422,
    title: { zh: '数据字典写了不存在的字段', en: 'The dictionary describes a column that does not exist' },
    next: { zh: '核对表名与字段名', en: 'Check the names of table and column' },
  },
  sensitivityLowered: {
    status: 422,
    title: { zh: '不得低于扫描给出的敏感级别', en: 'Sensitivity may not be below what the scan found' },
    next: {
      zh: '保留或提高级别；如扫描有误，请在数据资源中申请复核',
      en: 'Keep or raise it; if the scan is wrong, ask for a review of the resource',
    },
  },
  coreData: {
    status: 422,
    title: { zh: '核心数据不得交易', en: 'Core data may not be traded' },
    next: { zh: '移除相关字段后重新编制', en: 'Remove the columns and try again' },
  },
  creditsNotRising: {
    status: 422,
    title: { zh: '服务抵扣表须逐档递增', en: 'The table of service credits must rise' },
    next: {
      zh: '按未达幅度从小到大填写，抵扣比例不得降低',
      en: 'List misses from small to large, and never less credit for more',
    },
  },
  coverageReversed: {
    status: 422,
    title: { zh: '时间范围的起点晚于终点', en: 'The time covered ends before it starts' },
    next: { zh: '调整数据覆盖的起止日期', en: 'Correct the dates covered' },
  },
  versionMissing: {
    status: 422,
    title: { zh: '还没有产品版本', en: 'There is no version yet' },
    next: { zh: '先发布一个版本', en: 'Make a version first' },
  },
  versionBehind: {
    status: 409,
    title: { zh: '产品说明在最新版本之后有改动', en: 'The product was changed after its latest version' },
    next: { zh: '发布新版本，使说明与内容一致', en: 'Make a new version, so that description and content agree' },
  },
  published: {
    status: 409,
    title: { zh: '产品仍在上架', en: 'The product is still listed' },
    next: { zh: '先下架，再停用', en: 'Delist it first, then retire it' },
  },
  retired: {
    status: 409,
    title: { zh: '产品已停用', en: 'The product is retired' },
    next: { zh: '起草新的产品', en: 'Draft a new product' },
  },
  versionsFull: {
    status: 409,
    title: { zh: '版本数量达到上限', en: 'The product has as many versions as it may have' },
    next: { zh: '起草新的产品', en: 'Draft a new product' },
  },
});
