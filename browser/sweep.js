/** Goes on from the page that asks the publisher's other hosts, though one of them be silent. */
setTimeout(() => location.replace(/** @type {HTMLAnchorElement} */ (document.links[0]).href), 2_000);
