export { type Issue, type IssuedPaper, makeIssue, type PaperDraft, type PaperLook } from './issue.ts';
export { issuePermissions, issueRoutes, paperOut, signingRoles, trustOf } from './routes.ts';
