setTimeout(()=>location.replace(document.links[0].href),2e3)
