// Says whether tokenkeep loads, or why it does not.
try {
  require('tokenkeep');
  console.log('loaded');
} catch ({ code, message }) {
  console.log(code, message);
}
