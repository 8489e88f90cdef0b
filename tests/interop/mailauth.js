// mailauth (npm) as a judge: node mailauth.js FOLDER <<< {"zone": {name: {type: [...]}}, "mails": [base64], "dmarc": [...]}
// answers {"dkim": [[result, ...], ...], "arc": [result, ...], "dmarc": [{result, policy}, ...]}
const lib = process.argv[2] + '/node_modules/mailauth/lib/';
const { dkimVerify } = require(lib + 'dkim/verify');
const { arc } = require(lib + 'arc');
const { evaluateDmarc } = require(lib + 'dmarc');
const given = JSON.parse(require('fs').readFileSync(0));

const resolver = zone => async (name, type) => {
    const records = (zone[name.toLowerCase()] || {})[type];
    if (records && records.length) {
        return type === 'TXT' ? records.map(text => [text]) : records;
    }
    const error = new Error('no such record');
    error.code = zone[name.toLowerCase()] ? 'ENODATA' : 'ENOTFOUND';
    throw error;
};

(async () => {
    const answer = { dkim: [], arc: [], dmarc: [] };
    for (const mail of given.mails || []) {
        const found = await dkimVerify(Buffer.from(mail, 'base64'), { resolver: resolver(given.zone) });
        answer.dkim.push(found.results.map(one => one.status.result));
        const chain = await arc(found.arc, { resolver: resolver(given.zone), strict: true });
        answer.arc.push(chain.status.result);
    }
    for (const one of given.dmarc || []) {
        const { response } = await evaluateDmarc({
            headerFrom: [`a@${one.author}`],
            spfDomains: one.spf.map(domain => ({ domain })),
            dkimDomains: one.dkim.map(domain => ({ domain })),
            resolver: resolver(one.zone)
        });
        answer.dmarc.push({ result: response.status.result, policy: response.policy || '' });
    }
    console.log(JSON.stringify(answer));
})();
