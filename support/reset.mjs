export { reset } from '../dist/testing/token-endpoint/reset.js';
