import { createGoogleHandlers } from 'tokenkeep/http';
import { userOf } from './session';

export const handlers = createGoogleHandlers({
  userId: (request) => userOf(request.headers.get('cookie')),
  returnTo: '/',
  onError: console.error,
});
