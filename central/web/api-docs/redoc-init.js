// Its search would need a worker made from text, which the content security policy refuses.
window.Redoc.init('/api/schema/', { disableSearch: true }, document.getElementById('redoc'));
