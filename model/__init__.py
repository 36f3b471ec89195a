"""What the evidence means: domain values, engines, gate. Pure: values in, values out."""
