/** `tokenkeep/http`: routes with which users connect their accounts. */

export { type GoogleHandlers, type Handler, createGoogleHandlers } from './handlers';
export { type GoogleHandlersOptions } from './config';
export { type NodeListener, type NodeRequest, toNodeListener } from './node';
export { type FastifyLike, type FastifyRequestLike, toFastifyPlugin } from './fastify';
export { TEXTS, type PageText, type Reason, type Texts, type TextsPatch } from './texts';
