"""What every ONS dataset promises: one ODCS 3.1 contract each, and the model that reads them."""
