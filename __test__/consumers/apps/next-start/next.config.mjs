export default { serverExternalPackages: ['tokenkeep'] };
