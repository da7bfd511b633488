"""The Modon Express dialect (the same platform as Al-Waseet), as its merchant API document describes it: thirteen calls
under `/modon/v1/merchant/` and the receipt at `/modon/merchant/print-single-tcpdf`.

Where the document is silent, the choice is ours: a wrong password, an unknown order and everything else that is no
question of access is HTTP 400 with errNum "999"; unknown paths, wrong methods, bodies beyond 1 MB and our own
failures keep their HTTP statuses (404, 405, 413, 500) in the same envelope. Bodies may be multipart, urlencoded or
JSON, whatever their content type says. `delete_orders` takes all orders or none. `client_mobile2` has no rule of its
own. A log-in lasts 30 days. The receipt's link carries a signature that opens this one order, never its merchant's
credential.
`current_city` and `merchant_city` are "0": where the merchant is, is known as an address only.

Orders that came another way are shown with what is known of them, their city and region where the names are known; one
in another currency says so in `currency`, and cannot be edited here.

As a client of it, what the document leaves open is said in `carrier.py`, and how an address is told from words in
`destined.py` and `matching.py`.
"""
