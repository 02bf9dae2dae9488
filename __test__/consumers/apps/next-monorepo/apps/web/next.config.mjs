// With webpack this finds only what is in the application's own package.json.
export default { serverExternalPackages: ['tokenkeep'] };
